import { IconCloudOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useOnline } from '@/hooks/useOnline';
import classes from './OfflineIndicator.module.css';

/** Says that the device has no network, and goes when it has. */
export function OfflineIndicator() {
  const { t } = useTranslation();
  const online = useOnline();
  return (
    <div role="status" className={classes.place}>
      {online ? null : (
        <p className={classes.banner}>
          <IconCloudOff size={18} aria-hidden="true" />
          {t('offline')}
        </p>
      )}
    </div>
  );
}
