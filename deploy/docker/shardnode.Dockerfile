# The shard node: one static binary, no shell, no root. Settings come from the
# environment, so that the health check, which is the same binary, sees them.
FROM scratch
COPY shardnode /shardnode
USER 65532:65532
ENV MEMACTOR_GRPC=0.0.0.0:7411 MEMACTOR_ADMIN=0.0.0.0:9151
EXPOSE 7411 9151
HEALTHCHECK --interval=5s --timeout=4s --start-period=10s --retries=3 CMD ["/shardnode", "--check"]
ENTRYPOINT ["/shardnode"]
