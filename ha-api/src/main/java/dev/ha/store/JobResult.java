package dev.ha.store;

/**
 * How a job has ended for good.
 *
 * @param jobId the job
 * @param status {@link JobStatus#isGloballyTerminal}
 * @param detail anything to be kept with it
 */
public record JobResult(String jobId, JobStatus status, String detail) {
    /** Refuses a job that is not over. */
    public JobResult {
        if (!status.isGloballyTerminal()) {
            throw new IllegalArgumentException(
                    "job " + jobId + " is " + status + ": only a job that is over for good has a result");
        }
    }
}
