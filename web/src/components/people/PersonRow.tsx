import { ActionIcon } from '@mantine/core';
import { IconAdjustmentsHorizontal } from '@tabler/icons-react';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Initials } from '@/components/ui/Initials';
import { Pill } from '@/components/ui/Pill';
import { type Person } from '@/lib/api/types';
import classes from './PersonRow.module.css';

export function PersonList({ children }: { children: ReactNode }) {
  return <ul className={classes.list}>{children}</ul>;
}

interface PersonRowProps {
  person: Person;
  isMe: boolean;
  /** Absent when the viewer may not change this person. */
  onManage?: ((person: Person) => void) | undefined;
}

export function PersonRow({ person, isMe, onManage }: PersonRowProps) {
  const { t } = useTranslation(['people', 'common']);
  return (
    <li className={classes.row}>
      <span className={person.active ? '' : classes.off}>
        <Initials id={person.id} name={person.name} large />
      </span>
      <div className={classes.words}>
        <p className={classes.name}>
          {person.name}
          {isMe ? <Pill tone="brand">{t('you')}</Pill> : null}
          {person.active ? null : <Pill tone="clay">{t('off')}</Pill>}
        </p>
        <p className={classes.sub}>
          {t(`common:role.${person.role}`)} · <span dir="ltr">{person.email}</span>
        </p>
      </div>
      {onManage ? (
        <div className={classes.actions}>
          <ActionIcon size="xl" aria-label={t('manage', { name: person.name })} onClick={() => onManage(person)}>
            <IconAdjustmentsHorizontal size={20} stroke={1.75} aria-hidden="true" />
          </ActionIcon>
        </div>
      ) : null}
    </li>
  );
}
