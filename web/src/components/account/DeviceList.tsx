import { Button } from '@mantine/core';
import { IconDeviceDesktop, IconDeviceMobile } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { Pill } from '@/components/ui/Pill';
import { useToast } from '@/components/ui/toast';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useDevices } from '@/hooks/account/useDevices';
import { useNow } from '@/hooks/useNow';
import { useClock } from '@/hooks/usePrefs';
import { distance } from '@/lib/time';
import classes from './DeviceList.module.css';

/** Where one is signed in, with a way to end each. */
export function DeviceList() {
  const { t } = useTranslation('account');
  const clock = useClock();
  const now = useNow(30_000);
  const toast = useToast();
  const { devices, revoke } = useDevices();
  if (devices.isPending) return <ListSkeleton rows={2} height={56} />;
  if (devices.isError) return <ProblemNotice error={devices.error} onRetry={() => void devices.refetch()} />;
  return (
    <ul className={classes.list}>
      {devices.data.map((device) => {
        const name = device.userAgent || t('devices.unknown');
        const Icon = /android|iphone|ipad|mobile|\bios\b/i.test(name) ? IconDeviceMobile : IconDeviceDesktop;
        return (
          <li key={device.id} className={classes.row}>
            <Icon size={24} stroke={1.5} aria-hidden="true" />
            <div className={classes.words}>
              <p className={classes.name}>
                {name}
                {device.current ? <Pill tone="brand">{t('devices.this')}</Pill> : null}
              </p>
              <p className={classes.sub}>
                {t('devices.seen', { distance: distance(clock.locale, now, new Date(device.lastSeenAt)) })} ·{' '}
                <span dir="ltr">{device.address}</span>
              </p>
            </div>
            {device.current ? null : (
              <Button
                size="sm"
                variant="subtle"
                color="brick"
                aria-label={t('devices.revokeNamed', { device: name })}
                loading={revoke.isPending && revoke.variables === device.id}
                onClick={() =>
                  revoke.mutate(device.id, {
                    onSuccess: () => toast.done(t('devices.revoked', { device: name })),
                    onError: toast.failed,
                  })
                }
              >
                {t('devices.revoke')}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
