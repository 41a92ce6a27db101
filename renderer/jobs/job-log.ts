import { useQuery } from "@tanstack/react-query";
import type { JobLogLine } from "../../shared/jobs/model.ts";
import { useApi } from "../app/api.ts";

/** As many lines as one call gives at most. */
const PAGE = 1000;

/** All log lines of a job: read in pages once, then grown by the stream. */
export function useJobLog(jobId: string) {
  const api = useApi();
  const asked = { jobId, after: 0 };
  return useQuery({
    queryKey: api.jobs.logs.queryKey({ input: asked }),
    queryFn: async ({ signal }) => {
      const lines: JobLogLine[] = [];
      for (let after = 0; ; after = lines.at(-1)?.seq ?? after) {
        const page = await api.jobs.logs.call({ jobId, after }, { signal });
        lines.push(...page);
        if (page.length < PAGE) return lines;
      }
    },
  });
}
