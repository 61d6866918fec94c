import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Shortcuts.module.css';

/** Every shortcut of the app, those of a session too. */
export function Shortcuts({ staff }: { staff: boolean }) {
  const { t } = useTranslation('account');
  const groups = [
    {
      title: t('keys.go'),
      keys: [
        { does: t('keys.today'), press: ['G', 'T'] },
        { does: t('keys.sessions'), press: ['G', 'S'] },
        { does: t('keys.recordings'), press: ['G', 'R'] },
        ...(staff ? [{ does: t('keys.people'), press: ['G', 'P'] }] : []),
        { does: t('keys.account'), press: ['G', 'A'] },
        { does: t('keys.help'), press: ['?'] },
      ],
    },
    {
      title: t('keys.call'),
      keys: [
        { does: t('keys.microphone'), press: ['M'] },
        { does: t('keys.talk'), press: [t('keys.space')] },
        { does: t('keys.camera'), press: ['V'] },
        { does: t('keys.screen'), press: ['S'] },
        { does: t('keys.hand'), press: ['H'] },
        { does: t('keys.participants'), press: ['P'] },
        ...(staff ? [{ does: t('keys.bookmark'), press: ['B'] }] : []),
      ],
    },
  ];
  return (
    <div className={classes.grid}>
      {groups.map((group) => (
        <div key={group.title}>
          <h3 className={classes.title}>{group.title}</h3>
          <dl className={classes.list}>
            {group.keys.map(({ does, press }) => (
              <div key={does} className={classes.row}>
                <dt>{does}</dt>
                <dd>
                  {press.map((key, i) => (
                    <Fragment key={key}>
                      {i > 0 ? t('keys.then') : null}
                      <kbd>{key}</kbd>
                    </Fragment>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      ))}
    </div>
  );
}
