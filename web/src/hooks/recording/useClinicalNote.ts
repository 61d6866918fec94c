import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { keys } from '@/lib/api/keys';
import { asProblem } from '@/lib/api/problem';
import { recordings } from '@/lib/api/services/recordings';
import { sectionsOf, written } from '@/lib/recording/clinical';
import { AutoDraft, type Saved } from '@/lib/recording/draft';
import { type ClinicalNote, type NoteFormat, type NoteLine, type NoteSection } from '@/lib/recording/model';

export interface Written {
  format: NoteFormat;
  sections: NoteSection[];
}

const blank = { format: 'soap', sections: [] } as const;

function writtenOf(note: ClinicalNote | null): Written {
  const { format, sections } = note ?? blank;
  return { format, sections: sectionsOf(format, sections) };
}

/** The author's note on a session, as the server has it. */
export function useClinicalNote(id: string) {
  const client = useQueryClient();
  const key = keys.recording.clinicalNote(id);
  const note = useQuery({ queryKey: key, queryFn: ({ signal }) => recordings.clinicalNote.get(id, signal), refetchOnWindowFocus: false, staleTime: 0, gcTime: 0 });
  const keep = (now: ClinicalNote | null) => client.setQueryData(key, now);
  return {
    note,
    sign: useMutation({ mutationFn: (version: number) => recordings.clinicalNote.sign(id, version), onSuccess: keep }),
    amend: useMutation({ mutationFn: (lines: NoteLine[]) => recordings.clinicalNote.amend(id, lines), onSuccess: keep }),
  };
}

/** An unsigned note being written: it saves itself, and says when it cannot. */
export function useNoteDraft(id: string, note: ClinicalNote | null, refused: (cause: unknown) => void): AutoDraft<Written> {
  const [draft] = useState(() => {
    const save = async (value: Written, version: number): Promise<Saved> => {
      try {
        const sections = value.sections.map((s) => ({ key: s.key, lines: s.lines.filter(written) }));
        return { version: (await recordings.clinicalNote.save(id, { format: value.format, sections, version })).version };
      } catch (cause) {
        const problem = asProblem(cause);
        if (problem.status === 412) return 'conflict';
        if (!problem.temporary) refused(problem);
        return 'failed';
      }
    };
    const load = async () => {
      const newest = await recordings.clinicalNote.get(id);
      return { value: writtenOf(newest), version: newest?.version ?? 0 };
    };
    return new AutoDraft<Written>(writtenOf(note), note?.version ?? 0, { save, load });
  });
  useEffect(() => {
    const leave = () => void draft.flush();
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      void draft.flush();
    };
  }, [draft]);
  return draft;
}
