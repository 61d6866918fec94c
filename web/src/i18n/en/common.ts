export default {
  appName: 'Mentara',
  error: {
    title: 'Something went wrong',
    body: 'This page could not be shown. Your data is safe; reloading usually helps.',
    requestId: 'If you write to support, mention {{id}}.',
    reload: 'Reload the page',
  },
  notFound: {
    title: 'This page does not exist',
    body: 'The address may be mistyped, or the page was moved.',
    home: 'Go to Today',
  },
} as const;
