import { IconMicrophone, IconMicrophoneOff, IconX } from '@tabler/icons-react';
import { type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import classes from './PipView.module.css';

interface PipViewProps {
  target: Window;
  microphone: boolean;
  onMicrophone: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** The call in a small window above others: one face and the microphone. */
export function PipView({ target, microphone, onMicrophone, onClose, children }: PipViewProps) {
  const { t } = useTranslation('video');
  return createPortal(
    <div className={classes.pip}>
      {children}
      <div className={classes.bar}>
        <button type="button" className={classes.button} data-off={!microphone || undefined} aria-label={microphone ? t('controls.mute') : t('controls.unmute')} onClick={onMicrophone}>
          {microphone ? <IconMicrophone aria-hidden="true" /> : <IconMicrophoneOff aria-hidden="true" />}
        </button>
        <button type="button" className={classes.button} aria-label={t('controls.pipOff')} onClick={onClose}>
          <IconX aria-hidden="true" />
        </button>
      </div>
    </div>,
    target.document.body,
  );
}
