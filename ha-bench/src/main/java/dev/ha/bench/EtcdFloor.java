package dev.ha.bench;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** What no recipe can beat: one client deletes a key; another one's watch fires, and its next write is answered. */
final class EtcdFloor implements Contest {
    private static final ByteSequence KEY = ByteSequence.from("/floor", StandardCharsets.UTF_8);
    private final Client[] clients = new Client[2];
    private int holder;

    EtcdFloor(String endpoint) {
        for (int i = 0; i < 2; i++) {
            clients[i] = Client.builder().endpoints(endpoint).build();
        }
    }

    @Override
    public String name() {
        return "raw floor";
    }

    @Override
    public long handover() throws Exception {
        Client leaving = clients[holder];
        Client waiting = clients[1 - holder];
        holder = 1 - holder;
        leaving.getKVClient().put(KEY, KEY).get();
        Signal watching = new Signal();
        Signal answered = new Signal();
        Watch.Watcher watcher = waiting.getWatchClient()
                .watch(KEY, WatchOption.builder().withCreateNotify(true).build(), response -> {
                    if (response.isCreatedNotify()) {
                        watching.now();
                    }
                    for (WatchEvent event : response.getEvents()) {
                        if (event.getEventType() == WatchEvent.EventType.DELETE) {
                            CompletableFuture<Void> unused =
                                    waiting.getKVClient().put(KEY, KEY).thenRun(answered::now);
                        }
                    }
                });
        watching.await();
        long began = System.nanoTime();
        CompletableFuture<?> unused = leaving.getKVClient().delete(KEY);
        long took = answered.await() - began;
        watcher.close();
        return took;
    }

    @Override
    public void close() {
        for (Client client : clients) {
            client.close();
        }
    }
}
