import { type RouteObject } from 'react-router';
import { lazyPage } from './lazyPage';

/** The review of one recording wants the whole screen, as a session does. */
export const reviewRoutes: RouteObject[] = [
  { path: 'recordings/:recording', lazy: lazyPage(() => import('@/pages/RecordingReview').then((m) => m.RecordingReview), ['review']) },
];
