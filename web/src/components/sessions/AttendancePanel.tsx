import { useTranslation } from 'react-i18next';
import { ProblemNotice } from '@/components/ui/Notice';
import { ListSkeleton } from '@/components/ui/Waiting';
import { useAttendance } from '@/hooks/sessions/useSessions';
import { useClock } from '@/hooks/usePrefs';
import { type VideoRoom } from '@/lib/api/types';
import { timeOf } from '@/lib/time';
import classes from './AttendancePanel.module.css';

/** Who was there, and for how many minutes. */
export function AttendancePanel({ room, title }: { room: VideoRoom; title: string }) {
  const { t } = useTranslation(['sessions', 'common']);
  const clock = useClock();
  const attendance = useAttendance(room.id, true);
  return (
    <div className={classes.panel}>
      {attendance.isPending ? <ListSkeleton rows={2} height={28} /> : null}
      {attendance.isError ? <ProblemNotice error={attendance.error} onRetry={() => void attendance.refetch()} /> : null}
      {attendance.data?.length === 0 ? <p className={classes.quiet}>{t('attendance.nobody')}</p> : null}
      {attendance.data && attendance.data.length > 0 ? (
        <table className={classes.table} aria-label={t('attendance.title', { title })}>
          <thead>
            <tr>
              <th scope="col">{t('attendance.person')}</th>
              <th scope="col">{t('attendance.time')}</th>
              <th scope="col">{t('attendance.first')}</th>
            </tr>
          </thead>
          <tbody>
            {attendance.data.map((line) => (
              <tr key={line.identity}>
                <th scope="row">{line.name}</th>
                <td>{t('common:minutes', { count: line.minutes })}</td>
                <td>{line.intervals[0] ? timeOf(clock, new Date(line.intervals[0].joinedAt)) : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </div>
  );
}
