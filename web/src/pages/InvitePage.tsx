import { Button, Loader } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { AuthFrame } from '@/components/account/AuthFrame';
import { NewAccountForm } from '@/components/account/NewAccountForm';
import { ProblemNotice } from '@/components/ui/Notice';
import { useInvitation } from '@/hooks/account/useInvitation';
import { useSignIn } from '@/hooks/account/useSignIn';
import { useFragmentToken } from '@/hooks/useFragmentToken';

export function InvitePage() {
  const { t } = useTranslation(['auth', 'common']);
  const token = useFragmentToken();
  const navigate = useNavigate();
  const invitation = useInvitation(token);
  const { accept } = useSignIn();

  if (!token) return <AuthFrame title={t('invite.failed')} lead={t('invite.missing')} />;
  if (invitation.isPending) {
    return (
      <AuthFrame title={t('invite.titlePlain')} lead={t('common:loading')}>
        <Loader type="dots" aria-hidden="true" />
      </AuthFrame>
    );
  }
  if (invitation.isError) {
    return (
      <AuthFrame title={t('invite.failed')} lead={t('invite.expired')}>
        <ProblemNotice error={invitation.error} onRetry={() => void invitation.refetch()} />
        <Button component={Link} to="/sign-in" variant="subtle" mt="md">
          {t('link.toSignIn')}
        </Button>
      </AuthFrame>
    );
  }
  const { email, name, practice, role, invitedBy } = invitation.data;
  const roleName = t(`common:role.${role}`).toLocaleLowerCase();
  return (
    <AuthFrame
      title={practice ? t('invite.title', { practice }) : t('invite.titlePlain')}
      lead={invitedBy ? t('invite.lead', { name: invitedBy, role: roleName }) : t('invite.leadPlain', { role: roleName })}
    >
      <NewAccountForm
        email={email}
        name={name}
        submit={t('invite.submit')}
        busy={accept.isPending}
        error={accept.error}
        onSubmit={(v) =>
          accept.mutate(
            { token, name: v.name, password: v.password },
            { onSuccess: () => void navigate('/', { replace: true }) },
          )
        }
      />
    </AuthFrame>
  );
}
