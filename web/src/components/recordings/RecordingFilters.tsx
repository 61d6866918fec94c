import '@/components/ui/fieldStyles';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { type RecordingState } from '@/lib/api/types';
import classes from './RecordingFilters.module.css';

/** As in the address of the page; empty means any. */
export interface Filters {
  q: string;
  person: string;
  state: string;
  tag: string;
  /** Days, "2026-11-23". */
  from: string;
  to: string;
}

export const states: readonly RecordingState[] = ['ready', 'finalising', 'recording', 'failed', 'erased', 'cancelled'];

interface RecordingFiltersProps {
  filters: Filters;
  /** Who may be filtered by; empty hides the choice. */
  people: readonly { id: string; name: string }[];
  tags: readonly string[];
  onChange: (change: Partial<Filters>) => void;
}

export function RecordingFilters({ filters, people, tags, onChange }: RecordingFiltersProps) {
  const { t } = useTranslation('recordings');
  const any = Object.values(filters).some((value) => value !== '');
  return (
    <div className={classes.filters} role="search" aria-label={t('filter.label')}>
      <TextInput
        className={classes.search}
        type="search"
        label={t('filter.search')}
        leftSection={<IconSearch size={18} aria-hidden="true" />}
        value={filters.q}
        onChange={(e) => onChange({ q: e.currentTarget.value })}
      />
      {people.length > 0 ? (
        <NativeSelect
          size="md"
          label={t('filter.person')}
          value={filters.person}
          data={[{ value: '', label: t('filter.everyone') }, ...people.map((p) => ({ value: p.id, label: p.name }))]}
          onChange={(e) => onChange({ person: e.currentTarget.value })}
        />
      ) : null}
      <NativeSelect
        size="md"
        label={t('filter.state')}
        value={filters.state}
        data={[{ value: '', label: t('filter.all') }, ...states.map((state) => ({ value: state, label: t(`state.${state}`) }))]}
        onChange={(e) => onChange({ state: e.currentTarget.value })}
      />
      {tags.length > 0 ? (
        <NativeSelect
          size="md"
          label={t('filter.tag')}
          value={filters.tag}
          data={[{ value: '', label: t('filter.everyTag') }, ...tags]}
          onChange={(e) => onChange({ tag: e.currentTarget.value })}
        />
      ) : null}
      <TextInput type="date" label={t('filter.from')} value={filters.from} max={filters.to || undefined} onChange={(e) => onChange({ from: e.currentTarget.value })} />
      <TextInput type="date" label={t('filter.to')} value={filters.to} min={filters.from || undefined} onChange={(e) => onChange({ to: e.currentTarget.value })} />
      {any ? (
        <Button className={classes.clear} variant="subtle" onClick={() => onChange({ q: '', person: '', state: '', tag: '', from: '', to: '' })}>
          {t('filter.clear')}
        </Button>
      ) : null}
    </div>
  );
}
