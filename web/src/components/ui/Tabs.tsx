import { Link } from 'react-router';
import classes from './Tabs.module.css';

interface TabsProps {
  label: string;
  tabs: readonly { to: string; label: string; current: boolean }[];
}

/** Views of one page, each with an address of its own. */
export function Tabs({ label, tabs }: TabsProps) {
  return (
    <nav aria-label={label}>
      <span className={classes.tabs}>
        {tabs.map((tab) => (
          <Link key={tab.to} to={tab.to} replace aria-current={tab.current ? 'page' : undefined} className={classes.tab}>
            {tab.label}
          </Link>
        ))}
      </span>
    </nav>
  );
}
