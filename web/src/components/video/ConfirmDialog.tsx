import { Button, Group, Modal } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface ConfirmDialogProps {
  opened: boolean;
  title: string;
  body: string;
  confirm: string;
  cancel?: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks once before something that cannot be taken back. */
export function ConfirmDialog({ opened, title, body, confirm, cancel, onConfirm, onClose }: ConfirmDialogProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="sm" closeButtonProps={{ 'aria-label': t('action.close') }}>
      <p style={{ marginTop: 0 }}>{body}</p>
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose} data-autofocus>
          {cancel ?? t('action.cancel')}
        </Button>
        <Button color="brick" onClick={onConfirm}>
          {confirm}
        </Button>
      </Group>
    </Modal>
  );
}
