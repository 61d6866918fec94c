import { Button, CloseButton, NativeSelect, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { Section } from '@/components/ui/Card';
import { useToast } from '@/components/ui/toast';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useCare } from '@/hooks/people/usePeople';
import { type Care, type Person } from '@/lib/api/types';
import classes from './PersonDialog.module.css';

/** Who treats a client, or whom a therapist treats, with a way to change it. */
export function CareEditor({ person, everyone }: { person: Person; everyone: readonly Person[] }) {
  const { t } = useTranslation('people');
  const toast = useToast();
  const { list, change } = useCare(true);
  const [chosen, setChosen] = useState('');
  const ofClient = person.role === 'client';

  const relations = (list.data ?? []).filter((c) => (ofClient ? c.clientId : c.therapistId) === person.id);
  const taken = new Set(relations.map((c) => (ofClient ? c.therapistId : c.clientId)));
  const choices = everyone.filter((p) => p.role === (ofClient ? 'therapist' : 'client') && p.active && !taken.has(p.id));

  function apply(care: Omit<Care, 'since'>, treats: boolean) {
    const words = { therapist: care.therapistName, client: care.clientName };
    // Promises, not callbacks: those of a mutation die with the dialog.
    const turn = (to: boolean) => change.mutateAsync({ ...care, treats: to });
    const said = treats ? t('care.added', words) : t('care.removed', words);
    turn(treats).then(() => toast.done(said, () => void turn(!treats).catch(toast.failed)), toast.failed);
  }

  function add() {
    const other = choices.find((p) => p.id === chosen);
    if (!other) return;
    const [therapist, client] = ofClient ? [other, person] : [person, other];
    apply({ therapistId: therapist.id, therapistName: therapist.name, clientId: client.id, clientName: client.name }, true);
    setChosen('');
  }

  return (
    <Section title={ofClient ? t('care.title') : t('care.titleClients')} hint={t('care.hint')}>
      {list.isPending ? <ListSkeleton rows={1} height={36} /> : null}
      {list.isError ? <ProblemNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.data ? (
        <Stack gap="sm">
          {relations.length === 0 ? <p className={classes.quiet}>{t('care.none')}</p> : null}
          <ul className={classes.list}>
            {relations.map((care) => {
              const { therapistId, therapistName, clientId, clientName } = care;
              return (
                <li key={care.therapistId + care.clientId} className={classes.chip}>
                  {ofClient ? care.therapistName : care.clientName}
                  <CloseButton
                    radius="xl"
                    aria-label={t('care.remove', { therapist: care.therapistName, client: care.clientName })}
                    onClick={() => apply({ therapistId, therapistName, clientId, clientName }, false)}
                  />
                </li>
              );
            })}
          </ul>
          {choices.length > 0 ? (
            <div className={classes.add}>
              <NativeSelect
                size="md"
                label={ofClient ? t('care.add') : t('care.addClient')}
                value={chosen}
                onChange={(e) => setChosen(e.currentTarget.value)}
                data={[{ value: '', label: t('care.choose') }, ...choices.map((p) => ({ value: p.id, label: p.name }))]}
              />
              <Button variant="light" disabled={!chosen} onClick={add}>
                {t('care.addAction')}
              </Button>
            </div>
          ) : null}
        </Stack>
      ) : null}
    </Section>
  );
}
