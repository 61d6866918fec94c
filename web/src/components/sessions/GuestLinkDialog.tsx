import { Button, Stack, Text } from '@mantine/core';
import { IconVideo } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Dialog } from '@/components/ui/Dialog';
import { CopyField } from '@/components/ui/CopyField';
import { ProblemNotice } from '@/components/ui/Notice';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useGuestLink } from '@/hooks/sessions/useSessions';
import { useClock } from '@/hooks/usePrefs';
import { type VideoRoom } from '@/lib/api/types';
import { momentOf } from '@/lib/time';

interface GuestLinkDialogProps {
  room: VideoRoom;
  /** Set for a room that was opened this moment: the way in stands in the dialog too. */
  fresh?: boolean;
  onClose: () => void;
}

/** Makes a one-time link for a person without an account. */
export function GuestLinkDialog({ room, fresh = false, onClose }: GuestLinkDialogProps) {
  const { t } = useTranslation(['sessions', 'common']);
  const clock = useClock();
  const { mutate, data, error, isPending } = useGuestLink();
  const asked = useRef(false); // effects may run twice; a link is made once
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    mutate(room.id);
  }, [mutate, room.id]);
  return (
    <Dialog title={t('guest.title')} onClose={onClose}>
      <Stack>
        {fresh ? <Text>{t('start.ready')}</Text> : null}
        {error ? <ProblemNotice error={error} onRetry={() => mutate(room.id)} /> : null}
        {data ? (
          <CopyField
            key={data.link}
            label={t('guest.label')}
            value={data.link}
            hint={t('guest.hint', { until: momentOf(clock, new Date(data.expiresAt)) })}
          />
        ) : error ? null : (
          <ListSkeleton rows={1} height={96} />
        )}
        {fresh ? (
          <Button component={Link} to={`/rooms/${room.id}`} size="lg" leftSection={<IconVideo size={22} aria-hidden="true" />}>
            {t('join')}
          </Button>
        ) : (
          <Button variant="subtle" loading={isPending} disabled={!data} onClick={() => mutate(room.id)}>
            {t('guest.create')}
          </Button>
        )}
      </Stack>
    </Dialog>
  );
}
