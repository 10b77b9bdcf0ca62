package dev.ha.etcd;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.Compare.CompareResult;
import io.etcd.jetcd.api.Compare.CompareTarget;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.DeleteRangeResponse;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.LeaseRevokeResponse;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.WatchCancelRequest;
import java.util.List;

/** Parts of requests, in the words of the protocol. All reads are linearizable. */
final class Requests {
    private Requests() {}

    /** Loads what is needed for the first time when a lock is given up or taken over, which would cost milliseconds then. */
    static void load() {
        Message[] unused = {
            delete(ByteString.EMPTY),
            DeleteRangeResponse.newBuilder().build(),
            WatchCancelRequest.newBuilder().build(),
            Event.newBuilder().setType(Event.EventType.DELETE).build(),
            LeaseRevokeRequest.newBuilder().build(),
            LeaseRevokeResponse.newBuilder().build()
        };
    }

    /** The key was created at {@code revision}; 0 means that it does not exist. */
    static Compare created(ByteString key, long revision) {
        return Compare.newBuilder()
                .setKey(key)
                .setTarget(CompareTarget.CREATE)
                .setResult(CompareResult.EQUAL)
                .setCreateRevision(revision)
                .build();
    }

    /** The key was last written at {@code revision}; 0 means that it does not exist. */
    static Compare written(ByteString key, long revision) {
        return Compare.newBuilder()
                .setKey(key)
                .setTarget(CompareTarget.MOD)
                .setResult(CompareResult.EQUAL)
                .setModRevision(revision)
                .build();
    }

    static Compare hasValue(ByteString key, ByteString value) {
        return Compare.newBuilder()
                .setKey(key)
                .setTarget(CompareTarget.VALUE)
                .setResult(CompareResult.EQUAL)
                .setValue(value)
                .build();
    }

    static RequestOp put(ByteString key, ByteString value) {
        return put(key, value, 0);
    }

    /** It dies with {@code lease}. */
    static RequestOp put(ByteString key, ByteString value, long lease) {
        return RequestOp.newBuilder()
                .setRequestPut(
                        PutRequest.newBuilder().setKey(key).setValue(value).setLease(lease))
                .build();
    }

    static RequestOp delete(ByteString key) {
        return RequestOp.newBuilder()
                .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(key))
                .build();
    }

    static RequestOp get(ByteString key) {
        return get(RangeRequest.newBuilder().setKey(key).build());
    }

    static RequestOp get(RangeRequest range) {
        return RequestOp.newBuilder().setRequestRange(range).build();
    }

    /** All keys that begin with {@code prefix}. */
    static RangeRequest all(String prefix) {
        return RangeRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(prefix))
                .setRangeEnd(Keys.endOf(prefix))
                .build();
    }

    /** Creates the key unless it exists. */
    static RequestOp putIfAbsent(ByteString key, ByteString value) {
        return nested(created(key, 0), List.of(put(key, value)));
    }

    /** {@code writes} if {@code condition} held before the transaction. */
    static RequestOp nested(Compare condition, List<RequestOp> writes) {
        return RequestOp.newBuilder()
                .setRequestTxn(TxnRequest.newBuilder().addCompare(condition).addAllSuccess(writes))
                .build();
    }
}
