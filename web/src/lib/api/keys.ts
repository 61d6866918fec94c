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
  recordings: {
    all: ['recordings'] as const,
    list: (filter: object) => ['recordings', 'list', filter] as const,
    one: (recording: string) => ['recordings', 'one', recording] as const,
    /** One part of one: its consents, viewers, shares, exports or proof. */
    part: (recording: string, part: string) => ['recordings', 'one', recording, part] as const,
  },
  /** One recording and everything a review shows of it. */
  recording: {
    one: (recording: string) => ['recordings', 'one', recording] as const,
    timeline: (recording: string) => ['recordings', 'one', recording, 'timeline'] as const,
    marks: (recording: string) => ['recordings', 'one', recording, 'marks'] as const,
    notes: (recording: string) => ['recordings', 'one', recording, 'notes'] as const,
    tags: (recording: string) => ['recordings', 'one', recording, 'tags'] as const,
    clinicalNote: (recording: string) => ['recordings', 'one', recording, 'clinical-note'] as const,
    transcript: (recording: string) => ['recordings', 'one', recording, 'transcript'] as const,
    search: (recording: string, words: string) => ['recordings', 'one', recording, 'transcript', 'search', words] as const,
    analytics: (recording: string) => ['recordings', 'one', recording, 'analytics'] as const,
    viewers: (recording: string) => ['recordings', 'one', recording, 'viewers'] as const,
    /** Apart from the rest: another permission is another player. */
    play: (recording: string) => ['play', recording] as const,
    shares: (recording: string) => ['recordings', 'one', recording, 'shares'] as const,
  },
  reviewCodes: ['review-codes'] as const,
  retention: ['retention'] as const,
  people: ['people'] as const,
  colleagues: ['people', 'colleagues'] as const,
  invitations: ['invitations'] as const,
  care: ['care'] as const,
  careUnits: ['care', 'units'] as const,
};
