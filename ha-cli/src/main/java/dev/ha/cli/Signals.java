package dev.ha.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * Signals to this process. {@code sun.misc.Signal} is in every JDK (jdk.unsupported), but the compiler warns of its
 * name in a way that nothing can suppress; hence by reflection. A shutdown hook would not do: it doesn't learn which
 * signal came, and can't choose the exit code.
 */
final class Signals {
    private Signals() {}

    /**
     * Calls {@code action}, on a thread of its own, whenever {@code signal} arrives, instead of what the JVM would do.
     *
     * @param signal such as {@code TERM}
     * @return false if it can't be caught: the JVM uses it, or whoever started this process wants it ignored ({@code
     *     nohup})
     */
    static boolean handle(String signal, Runnable action) {
        try {
            Class<?> type = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object handler = Proxy.newProxyInstance(
                    handlerType.getClassLoader(), new Class<?>[] {handlerType}, (proxy, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            action.run();
                        }
                        return null;
                    });
            Object before = type.getMethod("handle", type, handlerType)
                    .invoke(null, type.getConstructor(String.class).newInstance(signal), handler);
            Object ignored = handlerType.getField("SIG_IGN").get(null);
            return !ignored.equals(before);
        } catch (InvocationTargetException taken) {
            return false;
        } catch (ReflectiveOperationException missing) {
            throw new IllegalStateException("this Java runtime lacks the module jdk.unsupported", missing);
        }
    }
}
