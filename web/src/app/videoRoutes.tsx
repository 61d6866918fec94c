import { type RouteObject } from 'react-router';
import { lazyPage } from './lazyPage';

/**
 * Full-screen pages around a call: no navigation, nothing beside the people.
 * They stand outside the shell, yet inside the session guard.
 */
export const videoRoutes: RouteObject[] = [
  { path: 'rooms/:room', lazy: lazyPage(() => import('@/pages/MeetingPage').then((m) => m.MeetingPage), ['video', 'precall', 'recording']) },
];
