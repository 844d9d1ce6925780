
	  FROM	registry.example/debian:12	 AS   a
  
   COPY   --from=registry.example/tool:1   /a   /b
