import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { AuthFrame } from '@/components/account/AuthFrame';
import { NewAccountForm } from '@/components/account/NewAccountForm';
import { Notice } from '@/components/ui/Notice';
import { useSignIn } from '@/hooks/account/useSignIn';
import { useFragmentToken } from '@/hooks/useFragmentToken';

/** The first admin, by the token the server printed on its console. */
export function SetupPage() {
  const { t } = useTranslation('auth');
  const token = useFragmentToken();
  const navigate = useNavigate();
  const { setup } = useSignIn();
  return (
    <AuthFrame title={t('setup.title')} lead={t('setup.lead')}>
      {token ? (
        <NewAccountForm
          submit={t('setup.submit')}
          busy={setup.isPending}
          error={setup.error}
          onSubmit={(first) => setup.mutate({ token, ...first }, { onSuccess: () => void navigate('/', { replace: true }) })}
        />
      ) : (
        <Notice tone="clay">{t('setup.missing')}</Notice>
      )}
    </AuthFrame>
  );
}
