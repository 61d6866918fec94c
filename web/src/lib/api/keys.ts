/**
 * Query keys. A push from the socket names one of these; a prefix stands for
 * everything below it.
 */
export const keys = {
  me: ['me'] as const,
  devices: ['devices'] as const,
  rooms: {
    all: ['rooms'] as const,
    list: (span: { from?: string; to?: string }) => ['rooms', 'list', span] as const,
    one: (room: string) => ['rooms', 'one', room] as const,
    participants: (room: string) => ['rooms', 'participants', room] as const,
    attendance: (room: string) => ['rooms', 'attendance', room] as const,
  },
  recordings: (meeting: string) => ['recordings', meeting] as const,
  /** One recording and everything a review shows of it. */
  recording: {
    one: (recording: string) => ['recording', recording] as const,
    timeline: (recording: string) => ['recording', recording, 'timeline'] as const,
    marks: (recording: string) => ['recording', recording, 'marks'] as const,
    notes: (recording: string) => ['recording', recording, 'notes'] as const,
    tags: (recording: string) => ['recording', recording, 'tags'] as const,
    clinicalNote: (recording: string) => ['recording', recording, 'clinical-note'] as const,
    transcript: (recording: string) => ['recording', recording, 'transcript'] as const,
    search: (recording: string, words: string) => ['recording', recording, 'transcript', 'search', words] as const,
    analytics: (recording: string) => ['recording', recording, 'analytics'] as const,
    viewers: (recording: string) => ['recording', recording, 'viewers'] as const,
    shares: (recording: string) => ['recording', recording, 'shares'] as const,
  },
  reviewCodes: ['review-codes'] as const,
  people: ['people'] as const,
  invitations: ['invitations'] as const,
  care: ['care'] as const,
  careUnits: ['care', 'units'] as const,
};
