import { Kbd, Modal } from '@mantine/core';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './ShortcutsHelp.module.css';

const rows = [
  ['microphone', ['M'], ['Ctrl', 'D']],
  ['talk', ['space']],
  ['camera', ['V'], ['Ctrl', 'E']],
  ['screen', ['S']],
  ['hand', ['H']],
  ['people', ['P']],
  ['layout', ['L']],
  ['fullscreen', ['F']],
  ['bookmark', ['B']],
  ['help', ['?']],
] as const;

export function ShortcutsHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('video');
  const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);
  const show = (key: string) => (key === 'space' ? t('shortcuts.space') : key === 'Ctrl' && mac ? '⌘' : key);
  return (
    <Modal opened={opened} onClose={onClose} title={t('shortcuts.title')} size="sm" closeButtonProps={{ 'aria-label': t('shortcuts.close') }}>
      <dl className={classes.list}>
        {rows.map(([name, ...combos]) => (
          <Fragment key={name}>
            <dt>{t(`shortcuts.${name}`)}</dt>
            <dd>
              {combos.map((combo, i) => (
                <Fragment key={combo.join('+')}>
                  {i > 0 ? <span className={classes.or}> {t('shortcuts.or')} </span> : null}
                  {combo.map((key) => (
                    <Kbd key={key}>{show(key)}</Kbd>
                  ))}
                </Fragment>
              ))}
            </dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  );
}
