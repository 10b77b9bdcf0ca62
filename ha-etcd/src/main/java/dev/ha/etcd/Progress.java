package dev.ha.etcd;

import io.etcd.jetcd.api.ResponseHeader;

/**
 * How far etcd's data are known to be: each answer tells a revision, and a linearizable read that is sent after it shows that one or a later one, unless the data were
 * set back in between, or are another cluster's (rule 1.2). On the loop only.
 */
final class Progress {
    private ResponseHeader furthest = ResponseHeader.getDefaultInstance();
    private int setBacks;

    /** How often the data were seen to be set back; what began at another number has lost what was written since. */
    int setBacks() {
        return setBacks;
    }

    /** What a linearizable read that is sent now shows at least. */
    ResponseHeader furthest() {
        return furthest;
    }

    /** An answer. It can't tell whether the data were set back: it may have been under way for long. */
    void note(ResponseHeader answer) {
        if (isFirst() || (isSameCluster(answer) && answer.getRevision() > furthest.getRevision())) {
            furthest = answer;
        }
    }

    /** The answer to a linearizable read; {@code least} is what was {@link #furthest} when it was sent. */
    void proven(ResponseHeader proof, ResponseHeader least) {
        if (!isFirst() && (!isSameCluster(proof) || proof.getRevision() < least.getRevision())) {
            setBacks++;
            furthest = proof;
        } else {
            note(proof);
        }
    }

    private boolean isFirst() {
        return furthest.getClusterId() == 0;
    }

    private boolean isSameCluster(ResponseHeader answer) {
        return answer.getClusterId() == furthest.getClusterId();
    }
}
