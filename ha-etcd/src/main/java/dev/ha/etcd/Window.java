package dev.ha.etcd;

import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Lets only so many transactions be under way, and the others wait, so that a renewal is never behind those of thousands of elections (SAFETY E4, rule 2.9). The timeout
 * of each counts from its sending. On the loop only.
 */
final class Window {
    /** Enough to fill a disk's write-ahead log, and few enough to be answered within a part of any renewal. */
    static final int SIZE = 64;

    private final Function<TxnRequest, CompletableFuture<TxnResponse>> sender;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private int underWay;
    private boolean sending;

    Window(Function<TxnRequest, CompletableFuture<TxnResponse>> sender) {
        this.sender = sender;
    }

    private record Waiting(TxnRequest request, CompletableFuture<TxnResponse> answer) {}

    /** As soon as its turn comes. */
    CompletableFuture<TxnResponse> send(TxnRequest request) {
        CompletableFuture<TxnResponse> answer = new CompletableFuture<>();
        waiting.add(new Waiting(request, answer));
        sendWaiting();
        return answer;
    }

    private void sendWaiting() {
        if (sending) {
            return; // an answer that is there at once
        }
        sending = true;
        try {
            while (underWay < SIZE && !waiting.isEmpty()) {
                Waiting next = waiting.remove();
                underWay++;
                Loop.whenDone(sender.apply(next.request), (answer, failure) -> {
                    underWay--;
                    if (failure == null) {
                        next.answer.complete(answer);
                    } else {
                        next.answer.completeExceptionally(failure);
                    }
                    sendWaiting();
                });
            }
        } finally {
            sending = false;
        }
    }

    /** What was not sent yet is not sent any more. */
    void abandon(Throwable why) {
        List<Waiting> abandoned = List.copyOf(waiting);
        waiting.clear();
        abandoned.forEach(each ->
                each.answer.completeExceptionally(Failures.notSent("waiting for its turn", Failures.reason(why), why)));
    }
}
