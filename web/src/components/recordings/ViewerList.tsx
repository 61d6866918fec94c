import { useTranslation } from 'react-i18next';
import { useViewers } from '@/hooks/recordings/useArchive';
import { useClock } from '@/hooks/usePrefs';
import { spanText } from '@/lib/span';
import { momentOf } from '@/lib/time';
import { Part } from './Part';
import classes from './RecordingPanel.module.css';

/** Ranges told by name at most; more say nothing more. */
const most = 6;

/** Who watched which parts, for those who may watch and for those who were recorded. */
export function ViewerList({ recording }: { recording: string }) {
  const { t } = useTranslation('recordings');
  const clock = useClock();
  const viewers = useViewers(recording);
  return (
    <Part title={t('viewers.title')} hint={t('viewers.hint')} query={viewers} items={viewers.data} empty={t('viewers.none')}>
      {(list) =>
        list.map((viewer) => (
          <li key={viewer.identity} className={classes.line}>
            <div>
              <p>
                <strong>{viewer.name}</strong> {t('viewers.watched', { time: spanText(viewer.seconds * 1000), when: momentOf(clock, new Date(viewer.lastAt)) })}
              </p>
              <p className={classes.soft}>
                {t('viewers.parts', {
                  parts: viewer.ranges
                    .slice(0, most)
                    .map((r) => `${spanText(r.fromMs)}–${spanText(r.toMs)}`)
                    .join(', ')
                    .concat(viewer.ranges.length > most ? ', …' : ''),
                })}
              </p>
            </div>
          </li>
        ))
      }
    </Part>
  );
}
