# The gateway: one static binary, no shell, no root. Settings come from the
# environment, so that the health check, which is the same binary, sees them.
FROM scratch
COPY gateway /gateway
USER 65532:65532
ENV MEMACTOR_LISTEN=0.0.0.0 MEMACTOR_ADMIN=0.0.0.0:9150
EXPOSE 11211 9150
HEALTHCHECK --interval=5s --timeout=4s --start-period=10s --retries=3 CMD ["/gateway", "--check"]
ENTRYPOINT ["/gateway"]
