import { createBrowserRouter, type RouteObject } from 'react-router';
import { ErrorPage } from './ErrorPage';
import { lazyPage } from './lazyPage';
import { RootLayout } from './RootLayout';
import { videoRoutes } from './videoRoutes';

/** THE list of routes. A page and its words are loaded together. */
export const routes: RouteObject[] = [
  {
    element: <RootLayout />,
    errorElement: <ErrorPage />,
    hydrateFallbackElement: <></>,
    children: [
      ...videoRoutes,
      { path: '*', lazy: lazyPage(() => import('@/pages/NotFoundPage').then((m) => m.NotFoundPage), []) },
    ],
  },
];

export function newRouter() {
  return createBrowserRouter(routes);
}
