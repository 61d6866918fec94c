import { useTranslation } from 'react-i18next';
import { Navigate, useSearchParams } from 'react-router';
import { AuthFrame } from '@/components/account/AuthFrame';
import { SignInForm } from '@/components/account/SignInForm';
import { useSignIn } from '@/hooks/account/useSignIn';
import { useMeQuery } from '@/hooks/useMe';
import { safePath } from '@/lib/validate';

export function SignInPage() {
  const { t } = useTranslation('auth');
  const [query] = useSearchParams();
  const { data: me } = useMeQuery();
  const { password } = useSignIn();
  // A guest may hold an account as well, so only a user is sent on.
  if (me?.kind === 'user') return <Navigate to={safePath(query.get('to'))} replace />;
  return (
    <AuthFrame title={t('signIn.title')} lead={t('signIn.lead')} foot={t('signIn.help')}>
      <SignInForm busy={password.isPending} error={password.error} onSubmit={(values) => password.mutate(values)} />
    </AuthFrame>
  );
}
