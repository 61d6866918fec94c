import { Button, NativeSelect, Switch } from '@mantine/core';
import { IconVolume } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useReadable } from '@/hooks/useReadable';
import { useMicLevel } from '@/hooks/video/useMicLevel';
import { type Device } from '@/lib/rtc/devices';
import { playTestTone } from '@/lib/rtc/level';
import { type LocalMedia } from '@/lib/rtc/local';
import { abilities } from '@/lib/rtc/support';
import { LevelMeter } from './LevelMeter';
import classes from './DeviceFields.module.css';

/** Which camera, microphone and speaker, and whether the room behind is blurred. */
export function DeviceFields({ local }: { local: LocalMedia }) {
  const { t } = useTranslation('precall');
  const state = useReadable(local.state);
  const devices = useReadable(local.devices.list);
  const [can] = useState(abilities);
  const level = useMicLevel(state.microphone.on ? state.microphone.track : undefined);
  const [playing, setPlaying] = useState(false);

  const play = async () => {
    setPlaying(true);
    await playTestTone(state.speaker).catch(() => undefined);
    setPlaying(false);
  };

  return (
    <div className={classes.fields}>
      <NativeSelect
        label={t('camera.label')}
        data={options(devices.cameras, t('camera.label'), t('camera.default'))}
        value={state.camera.deviceId ?? ''}
        onChange={(e) => void local.chooseCamera(e.currentTarget.value)}
        disabled={devices.cameras.length === 0}
      />
      <div>
        <NativeSelect
          label={t('microphone.label')}
          data={options(devices.microphones, t('microphone.label'), t('microphone.default'))}
          value={state.microphone.deviceId ?? ''}
          onChange={(e) => void local.chooseMicrophone(e.currentTarget.value)}
          disabled={devices.microphones.length === 0}
        />
        <div className={classes.under}>
          <LevelMeter level={level} label={t('microphone.level')} wide />
          <p className={classes.hint}>
            {!state.microphone.on ? t('microphone.muted') : level > 0.35 ? t('microphone.hears') : t('microphone.speak')}
          </p>
        </div>
      </div>
      <div>
        {can.speakerChoice && devices.speakers.length > 0 ? (
          <NativeSelect
            label={t('speaker.label')}
            data={options(devices.speakers, t('speaker.label'), t('speaker.default'))}
            value={state.speaker ?? devices.speakers[0]?.id ?? ''}
            onChange={(e) => local.chooseSpeaker(e.currentTarget.value)}
          />
        ) : (
          <p className={classes.hint}>{t('speaker.fixed')}</p>
        )}
        <div className={classes.test}>
          <Button variant="light" size="sm" leftSection={<IconVolume size={18} aria-hidden="true" />} onClick={() => void play()} disabled={playing}>
            {playing ? t('speaker.playing') : t('speaker.test')}
          </Button>
          <span className={classes.hint}>{t('speaker.hint')}</span>
        </div>
      </div>
      {can.blur ? (
        <Switch
          label={t('blur.label')}
          description={state.blur === 'starting' ? t('blur.starting') : t('blur.hint')}
          checked={state.blur !== 'off'}
          onChange={(e) => void local.setBlur(e.currentTarget.checked)}
        />
      ) : null}
    </div>
  );
}

/** Browsers give no names before the first permission; then a number has to do. */
function options(devices: readonly Device[], kind: string, standard: string) {
  if (devices.length === 0) return [{ value: '', label: standard }];
  return devices.map(({ id, label }) => ({ value: id, label: /^\d+$/.test(label) ? `${kind} ${label}` : label }));
}
