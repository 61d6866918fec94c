import { useTranslation } from 'react-i18next';
import { Navigate, useNavigate } from 'react-router';
import { AuthFrame } from '@/components/account/AuthFrame';
import { GuestForm } from '@/components/account/GuestForm';
import { useSignIn } from '@/hooks/account/useSignIn';
import { useFragmentToken } from '@/hooks/useFragmentToken';
import { useMeQuery } from '@/hooks/useMe';

/** Where a guest link lands: a name, and then the session it was made for. */
export function GuestPage() {
  const { t } = useTranslation('auth');
  const token = useFragmentToken();
  const navigate = useNavigate();
  const { data: me } = useMeQuery();
  const { guest } = useSignIn();

  if (!token) {
    // After a reload the token is gone, but the guest it made is not.
    if (me?.kind === 'guest' && me.room) return <Navigate to={`/rooms/${me.room}`} replace />;
    return <AuthFrame title={t('join.failed')} lead={t('join.missing')} />;
  }
  return (
    <AuthFrame title={t('join.title')} lead={t('join.lead')}>
      <GuestForm
        busy={guest.isPending}
        error={guest.error}
        onSubmit={(name) =>
          guest.mutate(
            { token, name },
            { onSuccess: (now) => void navigate(now.room ? `/rooms/${now.room}` : '/', { replace: true }) },
          )
        }
      />
    </AuthFrame>
  );
}
