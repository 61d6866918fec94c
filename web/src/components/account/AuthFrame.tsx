import { IconCheck } from '@tabler/icons-react';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { OfflineIndicator } from '@/components/offline/OfflineIndicator';
import { LogoMark } from '@/components/ui/Logo';
import { useHeadingFocus, useTitle } from '@/components/ui/Page';
import classes from './AuthFrame.module.css';

/** Rows of arches in the brand's ink: the two doorways of the mark, many times. */
function Arcade() {
  return (
    <svg className={classes.art} viewBox="0 0 480 160" aria-hidden="true" focusable="false" fill="none" stroke="#2d7561" strokeWidth="10" strokeLinecap="round">
      {[0, 1, 2, 3, 4, 5].map((i) => (
        <path key={i} d={`M${i * 80 - 0} 170V${i % 2 ? 110 : 80}a40 40 0 0 1 80 0v${i % 2 ? 60 : 90}`} stroke={i === 2 ? '#a9541f' : undefined} />
      ))}
    </svg>
  );
}

interface AuthFrameProps {
  title: string;
  lead?: ReactNode;
  foot?: ReactNode;
  children?: ReactNode;
}

/** Around every page one sees before being somebody here. */
export function AuthFrame({ title, lead, foot, children }: AuthFrameProps) {
  const { t } = useTranslation(['auth', 'common']);
  useTitle(title);
  const heading = useHeadingFocus();
  return (
    <div className={classes.frame}>
      <header className={classes.story}>
        <span className={classes.brand}>
          <LogoMark width={36} height={36} />
          {t('common:appName')}
        </span>
        <p className={classes.motto}>{t('motto')}</p>
        <ul className={classes.points}>
          {[t('points.private'), t('points.wait'), t('points.simple')].map((point) => (
            <li key={point}>
              <IconCheck size={20} aria-hidden="true" />
              {point}
            </li>
          ))}
        </ul>
        <Arcade />
      </header>
      <main className={classes.main} id="content">
        <div className={classes.form}>
          <OfflineIndicator />
          <h1 ref={heading} tabIndex={-1} className={classes.title}>
            {title}
          </h1>
          <p className={classes.lead}>{lead}</p>
          {children}
          {foot ? <p className={classes.foot}>{foot}</p> : null}
        </div>
      </main>
    </div>
  );
}
