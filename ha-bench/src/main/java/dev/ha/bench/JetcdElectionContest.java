package dev.ha.bench;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.election.CampaignResponse;
import io.etcd.jetcd.election.LeaderKey;
import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** jetcd's Election: {@code resign} of one until {@code campaign} of the other is done. */
final class JetcdElectionContest implements Contest {
    private static final ByteSequence NAME = ByteSequence.from("/jetcd", StandardCharsets.UTF_8);
    private final Client[] clients = new Client[2];
    private final long[] leases = new long[2];
    private final LeaderKey[] keys = new LeaderKey[2];
    private final Signal[] granted = {new Signal(), new Signal()};
    private int holder;

    JetcdElectionContest(String endpoint) throws Exception {
        for (int i = 0; i < 2; i++) {
            clients[i] = Client.builder().endpoints(endpoint).build();
            leases[i] = clients[i].getLeaseClient().grant(10).get().getID();
            clients[i].getLeaseClient().keepAlive(leases[i], new Quiet());
        }
        contend(0);
        granted[0].await();
        contend(1);
    }

    private void contend(int who) {
        CompletableFuture<CampaignResponse> campaign =
                clients[who].getElectionClient().campaign(NAME, leases[who], NAME);
        CompletableFuture<Void> unused = campaign.thenAccept(won -> {
            keys[who] = won.getLeader();
            granted[who].now();
        });
    }

    @Override
    public String name() {
        return "jetcd Election";
    }

    @Override
    public long handover() throws Exception {
        int leaving = holder;
        holder = 1 - holder;
        long began = System.nanoTime();
        CompletableFuture<?> resigned = clients[leaving].getElectionClient().resign(keys[leaving]);
        long took = granted[holder].await() - began;
        resigned.get();
        contend(leaving);
        return took;
    }

    @Override
    public void close() {
        for (Client client : clients) {
            client.close();
        }
    }

    private static final class Quiet implements StreamObserver<LeaseKeepAliveResponse> {
        @Override
        public void onNext(LeaseKeepAliveResponse answer) {}

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {}
    }
}
