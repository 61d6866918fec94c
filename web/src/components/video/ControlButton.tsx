import { Tooltip } from '@mantine/core';
import { type ComponentPropsWithRef, type ReactNode } from 'react';
import classes from './ControlButton.module.css';

interface ControlButtonProps extends Omit<ComponentPropsWithRef<'button'>, 'children'> {
  /** What pressing does now; also the tooltip. */
  label: string;
  icon: ReactNode;
  /** off: a device that is silent; on: something that runs; danger: the way out. */
  tone?: 'plain' | 'off' | 'on' | 'danger';
  badge?: number;
  /** Shown after the label in the tooltip. */
  hint?: string;
  /** A word beside the icon, where there is room. */
  text?: string;
}

/** A round button on the dark stage; large enough for a thumb. */
export function ControlButton({ label, icon, tone = 'plain', badge = 0, hint, text, className, ...rest }: ControlButtonProps) {
  return (
    <Tooltip withinPortal={false} label={hint ? `${label} (${hint})` : label} events={{ hover: true, focus: true, touch: false }}>
      <button type="button" {...rest} aria-label={label} className={`${classes.button} ${className ?? ''}`} data-tone={tone} data-text={text ? true : undefined}>
        <span className={classes.icon} aria-hidden="true">
          {icon}
        </span>
        {text ? <span className={classes.text}>{text}</span> : null}
        {badge > 0 ? (
          <span className={classes.badge} aria-hidden="true">
            {badge}
          </span>
        ) : null}
      </button>
    </Tooltip>
  );
}
