import { useTranslation } from 'react-i18next';
import { type Participant } from '@/lib/realtime/types';
import { type Call } from '@/lib/rtc/call';
import { ConfirmDialog } from './ConfirmDialog';
import { ShortcutsHelp } from './ShortcutsHelp';
import { VideoSettings } from './VideoSettings';

/** What stands over the stage; one at a time. */
export type Dialog = { kind: 'settings' | 'shortcuts' | 'end' | 'record' | 'stop-recording' } | { kind: 'kick'; participant: Participant };

interface MeetingDialogsProps {
  call: Call;
  dialog: Dialog | undefined;
  onClose: () => void;
  onKick: (participant: Participant) => void;
  onEnd: () => void;
}

export function MeetingDialogs({ call, dialog, onClose, onKick, onEnd }: MeetingDialogsProps) {
  const { t } = useTranslation('video');
  const name = dialog?.kind === 'kick' ? dialog.participant.name : '';
  return (
    <>
      <VideoSettings local={call.local} opened={dialog?.kind === 'settings'} onClose={onClose} />
      <ShortcutsHelp opened={dialog?.kind === 'shortcuts'} onClose={onClose} />
      <ConfirmDialog
        opened={dialog?.kind === 'kick'}
        title={t('people.kickTitle', { name })}
        body={t('people.kickBody', { name })}
        confirm={t('people.kick')}
        onConfirm={() => {
          if (dialog?.kind === 'kick') onKick(dialog.participant);
          onClose();
        }}
        onClose={onClose}
      />
      <ConfirmDialog
        opened={dialog?.kind === 'end'}
        title={t('end.title')}
        body={t('end.body')}
        confirm={t('end.confirm')}
        cancel={t('end.keep')}
        onConfirm={() => {
          onEnd();
          onClose();
        }}
        onClose={onClose}
      />
    </>
  );
}
