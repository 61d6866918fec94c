import { createBrowserRouter, type RouteObject } from 'react-router';
import { Splash } from '@/components/ui/Waiting';
import { ErrorPage } from './ErrorPage';
import { lazyPage } from './lazyPage';
import { RequireSession } from './RequireSession';
import { reviewRoutes } from './reviewRoutes';
import { RootLayout } from './RootLayout';
import { videoRoutes } from './videoRoutes';

/** THE list of routes. A page and its words are loaded together. */
export const routes: RouteObject[] = [
  {
    element: <RootLayout />,
    errorElement: <ErrorPage />,
    hydrateFallbackElement: <Splash />,
    children: [
      { path: 'sign-in', lazy: lazyPage(() => import('@/pages/SignInPage').then((m) => m.SignInPage), ['auth']) },
      // The pages of one-time tokens; their addresses are printed by the server
      // (api/account/token.go).
      { path: 'setup', lazy: lazyPage(() => import('@/pages/SetupPage').then((m) => m.SetupPage), ['auth']) },
      { path: 'link', lazy: lazyPage(() => import('@/pages/SignInLinkPage').then((m) => m.SignInLinkPage), ['auth']) },
      { path: 'invitation', lazy: lazyPage(() => import('@/pages/InvitePage').then((m) => m.InvitePage), ['auth']) },
      { path: 'guest', lazy: lazyPage(() => import('@/pages/GuestPage').then((m) => m.GuestPage), ['auth']) },
      {
        element: <RequireSession />,
        children: [
          ...videoRoutes,
          ...reviewRoutes,
          {
            lazy: lazyPage(() => import('./Shell').then((m) => m.Shell), []),
            children: [
              {
                // A page that throws leaves the navigation standing.
                errorElement: <ErrorPage />,
                children: [
                  { index: true, lazy: lazyPage(() => import('@/pages/TodayPage').then((m) => m.TodayPage), ['sessions']) },
                  { path: 'sessions', lazy: lazyPage(() => import('@/pages/SessionsPage').then((m) => m.SessionsPage), ['sessions']) },
                  { path: 'recordings', lazy: lazyPage(() => import('@/pages/RecordingsPage').then((m) => m.RecordingsPage), ['recordings']) },
                  { path: 'settings/retention', lazy: lazyPage(() => import('@/pages/RetentionPage').then((m) => m.RetentionPage), ['recordings']) },
                  { path: 'people', lazy: lazyPage(() => import('@/pages/PeoplePage').then((m) => m.PeoplePage), ['people']) },
                  { path: 'account', lazy: lazyPage(() => import('@/pages/AccountPage').then((m) => m.AccountPage), ['account']) },
                  { path: 'check', lazy: lazyPage(() => import('@/pages/PrecallPage').then((m) => m.PrecallPage), ['precall']) },
                  { path: '*', lazy: lazyPage(() => import('@/pages/NotFoundPage').then((m) => m.NotFoundPage), []) },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
];

export function newRouter() {
  return createBrowserRouter(routes);
}
