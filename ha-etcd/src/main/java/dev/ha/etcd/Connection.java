package dev.ha.etcd;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.AuthGrpc;
import io.etcd.jetcd.api.AuthenticateRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.ResponseHeader;
import io.etcd.jetcd.api.StatusRequest;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The way to one server at a time, and to another one on demand. Each request is sent once, with a deadline; only a login that has run out is renewed behind the
 * caller's back. Called on the loop only, and answers on it.
 */
final class Connection {
    /** Events of many keys of one lease come at once (SAFETY E4). */
    private static final int LONGEST_MESSAGE = 16 * 1024 * 1024;

    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
    /** A server without a leader refuses at once instead of keeping us waiting. */
    private static final Metadata.Key<String> REQUIRE_LEADER =
            Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

    private static final CompletableFuture<String> NO_TOKEN = CompletableFuture.completedFuture("");

    private final Settings settings;
    private final Loop loop;
    private final Lookups lookups;
    private final ByteString probe;
    private @Nullable SslContext tls;
    private int current;
    private long generation;
    private @Nullable Way way;
    private @Nullable CompletableFuture<String> token;
    private final Window window = new Window(this::txn);
    private final Progress progress = new Progress();
    private boolean closed;

    /** {@code offload} runs what blocks, such as looking names up. */
    Connection(Settings settings, Loop loop, Executor offload, ByteString probe) {
        this.settings = settings;
        this.loop = loop;
        this.lookups = new Lookups(offload);
        this.probe = probe;
        this.current = ThreadLocalRandom.current().nextInt(settings.endpoints().size()); // so that clients spread
    }

    /** Reads the files of the TLS settings. Blocks; not on the loop. */
    static @Nullable SslContext tls(Settings settings) throws SSLException {
        if (settings.tls().isEmpty()) {
            return null;
        }
        Settings.Tls with = settings.tls().get();
        SslContextBuilder builder = GrpcSslContexts.forClient();
        with.ca().map(Path::toFile).ifPresent(builder::trustManager);
        with.identity().ifPresent(identity -> {
            File certificate = identity.certificate().toFile();
            File key = identity.key().toFile();
            builder.keyManager(certificate, key, identity.keyPassword().orElse(null));
        });
        return builder.build();
    }

    /** For connections that are opened from now on. */
    void use(@Nullable SslContext context) {
        tls = context;
    }

    // ---- servers ----

    /** The server of the moment. */
    Endpoint server() {
        return settings.endpoints().get(current);
    }

    /** Changes whenever requests go another way from now on. */
    long generation() {
        return generation;
    }

    int servers() {
        return settings.endpoints().size();
    }

    /** From now on another server, or the same one on a new connection. What is under way here ends. */
    void next() {
        current = (current + 1) % settings.endpoints().size();
        generation++;
        drop();
    }

    private void drop() {
        Way open = way;
        way = null;
        if (open != null) {
            open.close();
        }
    }

    private ManagedChannel channel() {
        Way open = way;
        if (open == null) {
            open = open(server());
            way = open;
        }
        return open.channel;
    }

    /** A channel, and what it may run that blocks. */
    private record Way(ManagedChannel channel, Lookups.Share lookups) {
        void close() {
            channel.shutdownNow();
            lookups.close();
        }
    }

    private Way open(Endpoint server) {
        Lookups.Share share = lookups.share(server);
        NettyChannelBuilder builder = NettyChannelBuilder.forAddress(server.host(), server.port())
                .eventLoopGroup(loop.group())
                .channelType(NioSocketChannel.class)
                .executor(loop)
                .offloadExecutor(share)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        settings.connectTimeout().toMillis())
                .withOption(ChannelOption.TCP_NODELAY, true)
                .maxInboundMessageSize(LONGEST_MESSAGE)
                .disableRetry()
                .disableServiceConfigLookUp()
                .proxyDetector(address -> null); // etcd is near; a proxy for the web is not meant for it
        SslContext with = tls;
        if (with == null) {
            builder.usePlaintext();
        } else {
            builder.sslContext(with);
            settings.tls().flatMap(Settings.Tls::authority).ifPresent(builder::overrideAuthority);
        }
        return new Way(builder.build(), share);
    }

    void close() {
        closed = true;
        drop();
        abandonWaiting(Status.CANCELLED.withDescription("closed").asRuntimeException());
    }

    // ---- requests ----

    /** A linearizable read: done when the server was in touch with a quorum after it was sent. */
    CompletableFuture<RangeResponse> prove(Duration timeout) {
        ResponseHeader least = progress.furthest();
        return call(
                        KVGrpc.getRangeMethod(),
                        RangeRequest.newBuilder()
                                .setKey(probe)
                                .setCountOnly(true)
                                .build(),
                        timeout)
                .thenApply(answer -> {
                    progress.proven(answer.getHeader(), least);
                    return answer;
                });
    }

    /** How often the data were seen to be set back, by any proof. */
    int setBacks() {
        return progress.setBacks();
    }

    CompletableFuture<RangeResponse> range(RangeRequest request) {
        return noted(call(KVGrpc.getRangeMethod(), request, settings.requestTimeout()), RangeResponse::getHeader);
    }

    CompletableFuture<TxnResponse> txn(TxnRequest request) {
        return noted(call(KVGrpc.getTxnMethod(), request, settings.requestTimeout()), TxnResponse::getHeader);
    }

    private <A> CompletableFuture<A> noted(CompletableFuture<A> answer, Function<A, ResponseHeader> header) {
        return answer.thenApply(message -> {
            progress.note(header.apply(message));
            return message;
        });
    }

    /** As {@link #txn}, for what each of thousands of elections may want at the same time. */
    CompletableFuture<TxnResponse> oneOfMany(TxnRequest request) {
        return window.send(request);
    }

    /** Nobody answers: what was not sent yet is not sent any more. */
    void abandonWaiting(Throwable why) {
        window.abandon(why);
    }

    /** What that server says its version is, on a connection of its own. */
    CompletableFuture<String> version(Endpoint server) {
        long until = until(settings.requestTimeout());
        return headers(until).thenCompose(headers -> {
            Way own = open(server);
            return send(
                            own.channel,
                            MaintenanceGrpc.getStatusMethod(),
                            StatusRequest.getDefaultInstance(),
                            until,
                            headers)
                    .thenApply(status -> status.getVersion())
                    .whenComplete((version, failure) -> own.close());
        });
    }

    private long until(Duration timeout) {
        return loop.nanoTime() + timeout.toNanos();
    }

    /** Sends one message, also on a stream, and takes the first answer. All that is needed for it has that time together. What fails here fails the stage. */
    <Q, A> CompletableFuture<A> call(MethodDescriptor<Q, A> method, Q request, Duration timeout) {
        long until = until(timeout);
        return call(method, request, until)
                .exceptionallyCompose(failure -> settings.login().isPresent() && Failures.isOldLogin(failure)
                        ? call(method, request, until) // refused before anything was done with the request
                        : CompletableFuture.failedFuture(failure));
    }

    private <Q, A> CompletableFuture<A> call(MethodDescriptor<Q, A> method, Q request, long until) {
        return headers(until).thenCompose(headers -> send(channel(), method, request, until, headers)
                .whenComplete((answer, failure) -> {
                    if (failure != null && Failures.isOldLogin(failure)) {
                        forgetLogin(headers.get(TOKEN));
                    }
                }));
    }

    private <Q, A> CompletableFuture<A> send(
            ManagedChannel on, MethodDescriptor<Q, A> method, Q request, long until, Metadata headers) {
        CompletableFuture<A> future = new CompletableFuture<>();
        long left = until - loop.nanoTime();
        if (closed || left <= 0) {
            Status why = closed
                    ? Status.CANCELLED.withDescription("closed")
                    : Status.DEADLINE_EXCEEDED.withDescription("no time left after logging in");
            future.completeExceptionally(why.asRuntimeException());
            return future;
        }
        ClientCall<Q, A> call = on.newCall(method, CallOptions.DEFAULT.withDeadlineAfter(left, TimeUnit.NANOSECONDS));
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(A message) {
                        future.complete(message);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        Status failure = status.isOk() ? Status.UNAVAILABLE.withDescription("no answer") : status;
                        future.completeExceptionally(failure.asRuntimeException());
                    }
                },
                headers);
        call.request(1);
        call.sendMessage(request);
        call.halfClose();
        return future;
    }

    /**
     * A stream that is open.
     *
     * @param login what it has logged in with; empty where that is not needed
     */
    record Opened<Q, A>(ClientCall<Q, A> call, String login) {}

    /** Opens a stream; what is heard goes to {@code listener}, on the loop. */
    <Q, A> CompletableFuture<Opened<Q, A>> stream(MethodDescriptor<Q, A> method, ClientCall.Listener<A> listener) {
        return headers(until(settings.requestTimeout())).thenApply(headers -> {
            ClientCall<Q, A> call = channel().newCall(method, CallOptions.DEFAULT);
            String login = headers.get(TOKEN);
            call.start(listener, headers);
            return new Opened<>(call, login == null ? "" : login);
        });
    }

    /** Logs in first, where that is configured. A login is good on all servers. */
    private CompletableFuture<Metadata> headers(long until) {
        Metadata headers = new Metadata();
        headers.put(REQUIRE_LEADER, "true");
        return CompletableFuture.completedFuture(settings.login())
                .thenCompose(login -> login.isEmpty() ? NO_TOKEN : token(login.get(), until))
                .thenApply(text -> {
                    if (!text.isEmpty()) {
                        headers.put(TOKEN, text);
                    }
                    return headers;
                });
    }

    private CompletableFuture<String> token(Settings.Login login, long until) {
        CompletableFuture<String> known = token;
        if (known == null || known.isCompletedExceptionally()) {
            known = logIn(login, until);
            token = known;
        }
        return known;
    }

    private CompletableFuture<String> logIn(Settings.Login login, long until) {
        AuthenticateRequest request = AuthenticateRequest.newBuilder()
                .setName(login.username())
                .setPassword(login.password())
                .build();
        Metadata plain = new Metadata();
        plain.put(REQUIRE_LEADER, "true");
        return send(channel(), AuthGrpc.getAuthenticateMethod(), request, until, plain)
                .thenApply(answer -> answer.getToken());
    }

    /** That login was refused; a later one is left alone. */
    void forgetLogin(@Nullable String refused) {
        CompletableFuture<String> known = token;
        if (known != null
                && known.isDone()
                && !known.isCompletedExceptionally()
                && known.join().equals(refused)) {
            token = null;
        }
    }
}
