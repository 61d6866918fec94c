import { Loader, Skeleton, Stack, VisuallyHidden } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './Waiting.module.css';

/** Grey shapes where a list will be. Screen readers hear one word instead. */
export function ListSkeleton({ rows = 3, height = 76 }: { rows?: number; height?: number }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm" role="status">
      <VisuallyHidden>{t('loading')}</VisuallyHidden>
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} height={height} radius="lg" aria-hidden="true" />
      ))}
    </Stack>
  );
}

/** Fills the screen until it is known who is here; shows itself only if that takes long. */
export function Splash() {
  const { t } = useTranslation();
  return (
    <div className={classes.splash} role="status">
      <VisuallyHidden>{t('loading')}</VisuallyHidden>
      <Loader type="dots" aria-hidden="true" />
    </div>
  );
}
