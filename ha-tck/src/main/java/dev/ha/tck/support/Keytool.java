package dev.ha.tck.support;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Certificates for servers and clients in a test, made by the JDK's own tool. */
public final class Keytool {
    /** The password of all key stores. */
    public static final String PASSWORD = "changeit";

    private Keytool() {}

    /**
     * Makes a self-signed certificate: {@code name.crt} and {@code name.key} in PEM, both in the key store {@code name.p12}, in {@code directory}.
     *
     * @param names such as {@code san=dns:localhost,ip:127.0.0.1}
     */
    public static void keyPair(Path directory, String name, String subject, String names) throws Exception {
        run(
                directory,
                "-genkeypair",
                "-alias",
                name,
                "-keyalg",
                "EC",
                "-dname",
                subject,
                "-ext",
                names,
                "-ext",
                "bc:c",
                "-keystore",
                name + ".p12");
        run(directory, "-exportcert", "-rfc", "-alias", name, "-keystore", name + ".p12", "-file", name + ".crt");
        Key key = store(directory, name).getKey(name, PASSWORD.toCharArray());
        Files.writeString(
                directory.resolve(name + ".key"),
                "-----BEGIN PRIVATE KEY-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded())
                        + "\n-----END PRIVATE KEY-----\n");
    }

    /** The key store {@code name.p12} in {@code directory}. */
    public static KeyStore store(Path directory, String name) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(directory.resolve(name + ".p12"))) {
            store.load(in, PASSWORD.toCharArray());
        }
        return store;
    }

    /** Runs {@code keytool} with {@code arguments} in {@code directory}. */
    public static void run(Path directory, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
        Process keytool = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (keytool.waitFor() != 0) {
            throw new IOException("keytool " + List.of(arguments) + " failed: " + output);
        }
    }
}
