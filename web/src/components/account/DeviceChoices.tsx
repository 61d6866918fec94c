import '@/components/ui/fieldStyles';
import '@/components/ui/choiceStyles';
import { NativeSelect, SegmentedControl, Stack, useMantineColorScheme } from '@mantine/core';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { useToast } from '@/components/ui/toast';
import { useProfile } from '@/hooks/account/useProfile';
import { useNow } from '@/hooks/useNow';
import { useClock, usePrefs } from '@/hooks/usePrefs';
import { languages, setLanguage } from '@/i18n';
import { deviceZone, setPrefs } from '@/lib/prefs';
import { allZones, timeOf } from '@/lib/time';
import classes from './DeviceChoices.module.css';

const themes = ['light', 'dark', 'auto'] as const;

/** Appearance, language and time zone. The last two also word what the server sends. */
export function DeviceChoices() {
  const { t, i18n } = useTranslation('account');
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { timeZone } = usePrefs();
  const clock = useClock();
  const now = useNow(10_000);
  const toast = useToast();
  const { update } = useProfile();
  const themeLabel = useId();
  const own = deviceZone();

  function chooseZone(zone: string) {
    setPrefs({ timeZone: zone });
    update.mutate({ timeZone: zone || own }, { onError: toast.failed });
  }

  function chooseLanguage(code: string) {
    const found = languages.find((l) => l.code === code);
    if (!found) return;
    void setLanguage(found.code);
    update.mutate({ locale: found.code }, { onError: toast.failed });
  }

  return (
    <Stack>
      <div className={classes.field}>
        <span id={themeLabel} className={classes.label}>
          {t('device.theme')}
        </span>
        <SegmentedControl
          aria-labelledby={themeLabel}
          size="md"
          radius="xl"
          value={colorScheme}
          onChange={(value) => setColorScheme(themes.find((s) => s === value) ?? 'auto')}
          data={themes.map((scheme) => ({ value: scheme, label: t(`device.${scheme}`) }))}
        />
      </div>
      {languages.length > 1 ? (
        <NativeSelect
          size="md"
          label={t('device.language')}
          value={i18n.resolvedLanguage}
          onChange={(e) => chooseLanguage(e.currentTarget.value)}
          data={languages.map((l) => ({ value: l.code, label: l.name }))}
        />
      ) : (
        <p className={classes.only}>
          {t('device.language')}: {languages[0].name}
        </p>
      )}
      <NativeSelect
        size="md"
        label={t('device.zone')}
        description={t('device.zoneNow', { time: timeOf(clock, now) })}
        value={timeZone}
        onChange={(e) => chooseZone(e.currentTarget.value)}
        data={[
          { value: '', label: t('device.zoneAuto', { zone: own.replaceAll('_', ' ') }) },
          ...allZones(own).map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') })),
        ]}
      />
    </Stack>
  );
}
