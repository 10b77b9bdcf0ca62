package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.etcd.jetcd.api.ResponseHeader;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final Progress progress = new Progress();

    private static ResponseHeader header(long cluster, long revision) {
        return ResponseHeader.newBuilder()
                .setClusterId(cluster)
                .setRevision(revision)
                .build();
    }

    @Test
    void aProofThatShowsLessThanWasKnownWhenItWasSent() {
        progress.note(header(1, 10));
        progress.proven(header(1, 9), progress.furthest());
        assertThat(progress.setBacks()).isEqualTo(1);
        progress.proven(header(1, 9), progress.furthest());
        assertThat(progress.setBacks()).isEqualTo(1);
    }

    @Test
    void anAnswerThatCameWhileAProofWasUnderWayIsNoReasonToDoubtIt() {
        progress.note(header(1, 10));
        ResponseHeader least = progress.furthest();
        progress.note(header(1, 12));
        progress.proven(header(1, 11), least);
        assertThat(progress.setBacks()).isZero();
        progress.proven(header(1, 11), progress.furthest());
        assertThat(progress.setBacks()).isEqualTo(1);
    }

    @Test
    void anotherClusterIsNoticedThoughItsAnswersCameBefore() {
        progress.proven(header(1, 10), progress.furthest());
        progress.note(header(2, 50));
        progress.proven(header(2, 51), progress.furthest());
        assertThat(progress.setBacks()).isEqualTo(1);
    }
}
