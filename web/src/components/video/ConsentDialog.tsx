import { Button, Modal } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type RecordingStatus } from '@/lib/realtime/types';
import { isPaused, those } from '@/lib/rtc/recording';
import { useNames } from './useNames';
import classes from './ConsentDialog.module.css';

interface ConsentDialogProps {
  status: RecordingStatus;
  /** Resolves once the server has it. */
  onDecide: (decision: 'agreed' | 'declined') => Promise<void>;
  /** Puts the question aside; nothing is recorded of who has not answered. */
  onLater: () => void;
  onLeave: () => void;
}

/**
 * The question whether one may be recorded. Both answers look the same and
 * neither has the focus; no key and no click beside it answers or closes it,
 * and there are two ways out without an answer: later, and leaving.
 */
export function ConsentDialog({ status, onDecide, onLater, onLeave }: ConsentDialogProps) {
  const { t } = useTranslation('consent');
  const [sending, setSending] = useState<'agreed' | 'declined'>();
  const [failed, setFailed] = useState(false);
  const again = isPaused(status);
  const late = status.state === 'recording';
  const { name } = status.startedBy;

  const decide = async (decision: 'agreed' | 'declined') => {
    setSending(decision);
    setFailed(false);
    try {
      await onDecide(decision);
    } catch {
      setFailed(true);
    }
    setSending(undefined);
  };

  return (
    <Modal.Root opened onClose={onLater} closeOnEscape={false} closeOnClickOutside={false} size="lg" centered radius="lg" classNames={{ content: classes.content ?? '' }}>
      <Modal.Overlay backgroundOpacity={0.45} />
      <Modal.Content>
        <Modal.Body className={classes.body}>
          <Modal.Title className={classes.title} tabIndex={-1} data-autofocus>
            {again ? t('ask.titleOn') : late ? t('ask.titleLate') : t('ask.title', { name })}
          </Modal.Title>
          <p className={classes.lead}>{again ? <Withdrew status={status} /> : t(late ? 'ask.leadLate' : 'ask.lead', { name })}</p>
          <dl className={classes.facts}>
            <dt>{t('ask.why')}</dt>
            <dd>{status.purpose || t('ask.whyNone', { name })}</dd>
            <dt>{t('ask.what')}</dt>
            <dd>{t('ask.whatBody')}</dd>
            <dt>{t('ask.where')}</dt>
            <dd>{t('ask.whereBody')}</dd>
            <dt>{t('ask.undo')}</dt>
            <dd>{t('ask.undoBody')}</dd>
          </dl>
          <details className={classes.policy}>
            <summary>
              {t('ask.policy')} <span className={classes.version}>{t('ask.version', { version: status.policyVersion })}</span>
            </summary>
            <p>{status.policyText}</p>
          </details>
          {failed ? (
            <p role="alert" className={classes.failed}>
              {t('ask.failed')}
            </p>
          ) : null}
          <div className={classes.answers}>
            <Button size="lg" variant="default" loading={sending === 'declined'} disabled={sending !== undefined} onClick={() => void decide('declined')}>
              {again ? t('ask.stay') : t('ask.decline')}
            </Button>
            <Button size="lg" variant="default" loading={sending === 'agreed'} disabled={sending !== undefined} onClick={() => void decide('agreed')}>
              {again ? t('ask.go') : t('ask.agree')}
            </Button>
          </div>
          <div className={classes.ways}>
            <Button size="sm" variant="subtle" onClick={onLater}>
              {t('ask.later')}
            </Button>
            <Button size="sm" variant="subtle" onClick={onLeave}>
              {t('ask.leave')}
            </Button>
          </div>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

function Withdrew({ status }: { status: RecordingStatus }) {
  const { t } = useTranslation('consent');
  const list = useNames();
  const gone = those(status, 'withdrawn');
  if (gone.length === 0) return t('ask.leadOnBare');
  return t(gone.length === 1 ? 'ask.leadOn' : 'ask.leadOnMany', { names: list(gone) });
}
