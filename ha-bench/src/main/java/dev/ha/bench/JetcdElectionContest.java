package dev.ha.bench;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.election.CampaignResponse;
import io.etcd.jetcd.election.LeaderKey;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** jetcd's Election: {@code resign} of one until {@code campaign} of the other is done. */
final class JetcdElectionContest extends Duel {
    private static final ByteSequence NAME = ByteSequence.from("/jetcd", StandardCharsets.UTF_8);
    private final Client[] clients = new Client[2];
    private final long[] leases = new long[2];
    private final CompletableFuture<?>[] resigned = new CompletableFuture<?>[2];
    private final LeaderKey[] keys = new LeaderKey[2];

    JetcdElectionContest(String endpoint) throws Exception {
        super("jetcd Election");
        for (int i = 0; i < 2; i++) {
            clients[i] = Client.builder().endpoints(endpoint).build();
            leases[i] = clients[i].getLeaseClient().grant(10).get().getID();
            clients[i].getLeaseClient().keepAlive(leases[i], KeptAlive.QUIETLY);
        }
    }

    @Override
    void contend(int who) throws Exception {
        if (resigned[who] != null) {
            resigned[who].get();
        }
        CompletableFuture<CampaignResponse> campaign =
                clients[who].getElectionClient().campaign(NAME, leases[who], NAME);
        CompletableFuture<Void> unused = campaign.thenAccept(won -> {
            keys[who] = won.getLeader();
            granted(who);
        });
    }

    @Override
    void letGo(int who) {
        resigned[who] = clients[who].getElectionClient().resign(keys[who]);
    }

    @Override
    public void close() {
        for (Client client : clients) {
            client.close();
        }
    }
}
