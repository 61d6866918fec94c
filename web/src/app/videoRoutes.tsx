import { type RouteObject } from 'react-router';

/**
 * Full-screen pages around a call: no navigation, nothing beside the people.
 * They stand outside the shell, yet inside the session guard.
 */
export const videoRoutes: RouteObject[] = [];
