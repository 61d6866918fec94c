import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useToast } from '@/components/ui/toast';
import { useExports } from '@/hooks/recordings/useArchive';
import { useClock } from '@/hooks/usePrefs';
import { type RecordingExport } from '@/lib/api/types';
import { sizeText } from '@/lib/span';
import { momentOf } from '@/lib/time';
import { Part } from './Part';
import classes from './RecordingPanel.module.css';

/** Files for other programs: made on the server, followed here, gone after a day. */
export function ExportPart({ recording }: { recording: string }) {
  const { t } = useTranslation('recordings');
  const toast = useToast();
  const { list, create, remove, fileOf } = useExports(recording);
  const making = (kind: RecordingExport['kind']) => list.data?.some((e) => e.kind === kind && e.state !== 'failed') ?? true;
  return (
    <>
      <Part title={t('export.title')} hint={t('export.hint')} query={list} items={list.data} empty={t('export.none')}>
        {(exports) =>
          exports.map((one) => (
            <ExportLine key={one.id} one={one} href={fileOf(one.id)} onRemove={() => remove.mutate(one.id, { onError: toast.failed })} />
          ))
        }
      </Part>
      <div className={classes.actions}>
        {(['tracks', 'combined'] as const)
          .filter((kind) => !making(kind))
          .map((kind) => (
            <Button key={kind} size="sm" variant="light" loading={create.isPending && create.variables === kind} onClick={() => create.mutate(kind, { onError: toast.failed })}>
              {t('export.make', { kind: t(`export.${kind}`) })}
            </Button>
          ))}
      </div>
    </>
  );
}

function ExportLine({ one, href, onRemove }: { one: RecordingExport; href: string; onRemove: () => void }) {
  const { t } = useTranslation('recordings');
  const clock = useClock();
  const kind = t(`export.${one.kind}`);
  const busy = one.state === 'waiting' || one.state === 'running';
  const facts = [
    t(`export.state.${one.state}`),
    one.state === 'running' ? t('export.percent', { value: one.progress }) : '',
    one.state === 'ready' ? sizeText(clock.locale, one.bytes) : '',
    one.state === 'ready' ? t('export.until', { when: momentOf(clock, new Date(one.expiresAt)) }) : '',
    one.failure ?? '',
  ].filter(Boolean);
  return (
    <li className={classes.line}>
      <div>
        <p>
          <strong>{kind}</strong>
        </p>
        <p className={classes.soft} role={busy ? 'status' : undefined}>
          {facts.join(' · ')}
        </p>
      </div>
      {one.state === 'ready' ? (
        <Button component="a" href={href} download={one.file} size="sm" variant="light" leftSection={<IconDownload size={16} aria-hidden="true" />} aria-label={t('export.downloadNamed', { kind })}>
          {t('export.download')}
        </Button>
      ) : null}
      <Button size="sm" variant="subtle" aria-label={t('export.removeNamed', { kind })} onClick={onRemove}>
        {t('export.remove')}
      </Button>
      {busy ? <progress className={classes.bar} max={100} value={one.state === 'running' ? one.progress : undefined} aria-label={t('export.progress', { kind })} /> : null}
    </li>
  );
}
