import { Kbd } from '@mantine/core';
import '@mantine/core/styles/Kbd.layer.css';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/components/ui/Dialog';
import classes from './KeysDialog.module.css';

const rows = [
  ['toggle', 'K', 'space'],
  ['skip', 'J', 'L'],
  ['arrows', '←', '→'],
  ['fine', 'shift ←', 'shift →'],
  ['frame', ',', '.'],
  ['speed', '<', '>'],
  ['digits', '0', '9'],
  ['edges', 'Home', 'End'],
  ['mark', 'M'],
  ['note', 'N'],
  ['silence', 'S'],
  ['fullscreen', 'F'],
  ['copy', 'C'],
  ['help', '?'],
] as const;

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('review');
  const show = (key: string) => key.replace('space', t('keys.space')).replace('shift', t('keys.shift'));
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl className={classes.list}>
        {rows.map(([name, ...keys]) => (
          <Fragment key={name}>
            <dt>{t(`keys.${name}`)}</dt>
            <dd>
              {keys.map((key) => (
                <Kbd key={key}>{show(key)}</Kbd>
              ))}
            </dd>
          </Fragment>
        ))}
      </dl>
    </Dialog>
  );
}
