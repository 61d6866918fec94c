import { Button, Loader } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { AuthFrame } from '@/components/account/AuthFrame';
import { ProblemNotice } from '@/components/ui/Notice';
import { useSignIn } from '@/hooks/account/useSignIn';
import { useFragmentToken } from '@/hooks/useFragmentToken';

/** Where one-click sign-in links land: the token is exchanged at once. */
export function SignInLinkPage() {
  const { t } = useTranslation('auth');
  const token = useFragmentToken();
  const navigate = useNavigate();
  const { mutate, error } = useSignIn().link;
  const tried = useRef(''); // a token works once, and effects may run twice
  useEffect(() => {
    if (!token || tried.current === token) return;
    tried.current = token;
    mutate(token, { onSuccess: () => void navigate('/', { replace: true }) });
  }, [token, mutate, navigate]);

  if (token && !error) {
    return (
      <AuthFrame title={t('link.title')} lead={t('link.lead')}>
        <Loader type="dots" aria-hidden="true" />
      </AuthFrame>
    );
  }
  return (
    <AuthFrame title={t('link.failed')} lead={token ? t('link.used') : t('link.missing')}>
      {error ? <ProblemNotice error={error} /> : null}
      <Button component={Link} to="/sign-in" mt="md">
        {t('link.toSignIn')}
      </Button>
    </AuthFrame>
  );
}
