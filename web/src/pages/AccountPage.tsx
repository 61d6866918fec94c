import { Button } from '@mantine/core';
import { IconLogout } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'react-router';
import { DeviceChoices } from '@/components/account/DeviceChoices';
import { DeviceList } from '@/components/account/DeviceList';
import { PasswordForm } from '@/components/account/PasswordForm';
import { ProfileForm } from '@/components/account/ProfileForm';
import { Shortcuts } from '@/components/account/Shortcuts';
import { Card, Section } from '@/components/ui/Card';
import { Page } from '@/components/ui/Page';
import { useToast } from '@/components/ui/toast';
import { useSignOut } from '@/hooks/account/useSignIn';
import { useMe } from '@/hooks/useMe';
import { isStaff } from '@/lib/api/types';

export function AccountPage() {
  const { t } = useTranslation(['account', 'common']);
  const me = useMe();
  const toast = useToast();
  const signOut = useSignOut();
  const { hash, key } = useLocation();
  const keys = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // "?" leads here from everywhere.
    if (hash === '#keys') keys.current?.scrollIntoView({ block: 'start' });
  }, [hash, key]);

  return (
    <Page
      narrow
      title={t('title')}
      lead={me.role ? `${t(`common:role.${me.role}`)} · ${me.practice}` : me.practice}
      actions={
        <Button
          variant="subtle"
          leftSection={<IconLogout size={18} aria-hidden="true" />}
          loading={signOut.isPending}
          onClick={() => signOut.mutate(undefined, { onError: toast.failed })}
        >
          {t('common:nav.signOut')}
        </Button>
      }
    >
      <Card>
        <Section title={t('profile.title')}>
          <ProfileForm key={me.name} me={me} />
        </Section>
      </Card>
      <Card>
        <Section title={t('device.title')}>
          <DeviceChoices />
        </Section>
      </Card>
      <Card>
        <Section title={t('password.title')}>
          <PasswordForm me={me} />
        </Section>
      </Card>
      <Card>
        <Section title={t('devices.title')} hint={t('devices.hint')}>
          <DeviceList />
        </Section>
      </Card>
      <div ref={keys}>
        <Card>
          <Section title={t('keys.title')} hint={t('keys.hint')}>
            <Shortcuts staff={isStaff(me)} />
          </Section>
        </Card>
      </div>
    </Page>
  );
}
