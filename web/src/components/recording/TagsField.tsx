import { ActionIcon, NativeSelect } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useToast } from '@/components/ui/toast';
import { useReview } from '@/hooks/recording/reviewContext';
import { useTags } from '@/hooks/recording/useReview';
import panel from './panel.module.css';
import classes from './TagsField.module.css';

/** What the recording is about, in the words of the practice's own set. */
export function TagsField() {
  const { t } = useTranslation('review');
  const { id } = useReview();
  const tags = useTags(id);
  const toast = useToast();
  const chosen = tags.chosen.data ?? [];
  const codes = tags.codes.data ?? [];
  const labelOf = (code: string) => codes.find((c) => c.code === code)?.label ?? code;
  const left = codes.filter((c) => !c.archived && !chosen.includes(c.code));
  const set = (next: string[]) => tags.set.mutate(next, { onError: toast.failed });
  return (
    <section aria-labelledby="review-tags">
      <h3 id="review-tags" className={panel.title}>
        {t('tags.title')}
      </h3>
      <ul className={classes.tags}>
        {chosen.map((code) => (
          <li key={code} className={classes.tag}>
            <span className={classes.dot} style={{ background: codes.find((c) => c.code === code)?.colour }} aria-hidden="true" />
            {labelOf(code)}
            <ActionIcon size={24} aria-label={t('tags.remove', { label: labelOf(code) })} onClick={() => set(chosen.filter((c) => c !== code))}>
              <IconX size={14} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      {tags.codes.data && codes.length === 0 ? <p className={panel.hint}>{t('tags.noCodes')}</p> : null}
      {left.length > 0 ? (
        <NativeSelect
          size="sm"
          className={classes.add ?? ''}
          aria-label={t('tags.add')}
          value=""
          data={[{ value: '', label: t('tags.add') }, ...left.map((c) => ({ value: c.code, label: c.label }))]}
          onChange={(e) => {
            if (e.currentTarget.value) set([...chosen, e.currentTarget.value]);
          }}
        />
      ) : null}
    </section>
  );
}
