import { Modal } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { type LocalMedia } from '@/lib/rtc/local';
import { DeviceFields } from './DeviceFields';
import { DeviceProblems } from './DeviceProblems';

/** Choosing devices in the middle of a call; every change is heard and seen at once. */
export function VideoSettings({ local, opened, onClose }: { local: LocalMedia; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('video');
  return (
    <Modal opened={opened} onClose={onClose} title={t('settings.title')} size="md" closeButtonProps={{ 'aria-label': t('settings.close') }}>
      <DeviceFields local={local} />
      <DeviceProblems local={local} />
    </Modal>
  );
}
