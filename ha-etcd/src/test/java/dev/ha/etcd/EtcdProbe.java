package dev.ha.etcd;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.StatusRequest;
import io.etcd.jetcd.api.StatusResponse;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** What a server says of itself. */
final class EtcdProbe {
    private EtcdProbe() {}

    /** Its version, if it knows a leader of the cluster; otherwise empty. One that speaks TLS is asked whether it takes a connection. */
    static String status(EtcdServers.Server server) throws Exception {
        if (server.endpoint().startsWith("https")) {
            try (java.net.Socket socket = new java.net.Socket()) {
                socket.connect(server.address(), 1_000);
                return "tls";
            }
        }
        StatusResponse answer = ask(server.address());
        return answer.getLeader() == 0 ? "" : answer.getVersion();
    }

    static boolean leads(InetSocketAddress server) {
        try {
            StatusResponse answer = ask(server);
            return answer.getLeader() != 0
                    && answer.getLeader() == answer.getHeader().getMemberId()
                    && serves(server);
        } catch (Exception silent) {
            return false;
        }
    }

    /** Whether a quorum answers it. */
    static boolean serves(InetSocketAddress server) {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress(server).usePlaintext().build();
        try {
            KVGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(2, TimeUnit.SECONDS)
                    .range(RangeRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8("/"))
                            .build());
            return true;
        } catch (StatusRuntimeException silent) {
            return false;
        } finally {
            channel.shutdownNow();
        }
    }

    static long term(InetSocketAddress server) throws Exception {
        StatusResponse answer = ask(server);
        return answer.getLeader() == 0 ? 0 : answer.getRaftTerm();
    }

    /** Of the member, in hexadecimal digits. */
    static String id(InetSocketAddress server) throws Exception {
        return Long.toHexString(ask(server).getHeader().getMemberId());
    }

    private static StatusResponse ask(InetSocketAddress server) throws Exception {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress(server).usePlaintext().build();
        try {
            return MaintenanceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(1, TimeUnit.SECONDS)
                    .status(StatusRequest.getDefaultInstance());
        } finally {
            channel.shutdownNow();
        }
    }
}
