package dev.ha.bench;

import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.grpc.stub.StreamObserver;

/** Wants to hear nothing of the renewals of a lease of jetcd's. */
enum KeptAlive implements StreamObserver<LeaseKeepAliveResponse> {
    QUIETLY;

    @Override
    public void onNext(LeaseKeepAliveResponse answer) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}
}
